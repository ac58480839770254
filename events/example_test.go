package events_test

import (
	"errors"
	"fmt"

	"github.com/vod-callback/recorder/events"
)

func ExampleParse() {
	event, err := events.Parse([]byte(`{
	    "MediaId": "1234343b689*****a5422dfe1e472a41",
	    "ProjectId": "987624bab6*****d9fcdeefdd974c7aa",
	    "Status": "fail",
	    "EventType": "ProduceMediaComplete",
	    "EventTime": "2018-12-26T14:34:09Z",
	    "ErrorCode": "InvalidParameter.ResourceContentBad",
	    "ErrorMessage": "The resource operated InputFile is bad"
	}`), events.Selection{events.TypeProduceMediaComplete})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(event.Subject(), event.Status, event.ErrorCode)
	// Output: 1234343b689*****a5422dfe1e472a41 fail InvalidParameter.ResourceContentBad
}

func ExampleParse_errors() {
	for _, text := range []string{
		`{"EventType":"FileUploadComplete"}`,
		`{"EventType":"ProduceMediaComplete","EventTime":"yesterday"}`,
	} {
		event, err := events.Parse([]byte(text), events.Selection{events.TypeProduceMediaComplete})
		if errors.Is(err, events.ErrOtherType) {
			fmt.Println("acknowledge", event.EventType)
			continue
		}
		fmt.Println(err)
	}
	// Output:
	// acknowledge FileUploadComplete
	// EventTime: found "yesterday", want an RFC 3339 time such as 2018-12-26T14:34:09Z
}
