package producertest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

const (
	maxPage   = 100
	maxVideos = 5000 // that VOD lists by the page number alone
	maxInfos  = 20
	maxRange  = 30 * 24 * time.Hour
)

func notValid(name string) error {
	return invalid("InvalidParameter", "The specified parameter "+name+" is not valid.")
}

// integer reads a number between 1 and most, or returns the default.
func integer(query map[string]string, name string, otherwise, most int) (int, error) {
	text, ok := query[name]
	if !ok {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, notValid(name)
	}
	return n, nil
}

// times reads StartTime and EndTime, which may be as far apart as longest.
func times(query map[string]string, longest time.Duration) (from, until string, err error) {
	from, until = query["StartTime"], query["EndTime"]
	start, err := time.Parse(timeFormat, from)
	if err != nil {
		return "", "", notValid("StartTime")
	}
	end, err := time.Parse(timeFormat, until)
	if err != nil || end.Before(start) {
		return "", "", notValid("EndTime")
	}
	if end.Sub(start) > longest {
		return "", "", notValid("EndTime")
	}
	return from, until, nil
}

// listJobs is ListMediaProducingJobs. A token says where the next page begins and for which query.
func (s *Server) listJobs(query map[string]string) (any, error) {
	from, until, err := times(query, maxRange)
	if err != nil {
		return nil, err
	}
	size, err := integer(query, "MaxResults", 10, maxPage)
	if err != nil {
		return nil, err
	}
	low := sort.Search(len(s.Jobs), func(i int) bool { return s.Jobs[i].CreateTime >= from })
	high := sort.Search(len(s.Jobs), func(i int) bool { return s.Jobs[i].CreateTime > until })
	jobs := s.Jobs[low:max(low, high)]
	switch query["SortBy"] {
	case "CreationTime:Asc":
	case "", "CreationTime:Desc":
		jobs = slices.Clone(jobs)
		slices.Reverse(jobs)
	default:
		return nil, notValid("SortBy")
	}
	if status := query["Status"]; status != "" {
		jobs = slices.DeleteFunc(slices.Clone(jobs), func(j Job) bool { return j.Status != status })
	}
	begin := 0
	if token := query["NextToken"]; token != "" {
		at, tag, _ := strings.Cut(token, ".")
		if begin, err = strconv.Atoi(at); err != nil || tag != tagOf(query, begin) {
			return nil, notValid("NextToken")
		}
	}
	page := jobs[min(begin, len(jobs)):]
	answer := map[string]any{"MaxResults": strconv.Itoa(size)}
	if len(page) > size {
		page = page[:size]
		answer["NextToken"] = strconv.Itoa(begin+size) + "." + tagOf(query, begin+size)
	}
	answer["MediaProducingJobList"] = append([]Job{}, page...)
	return answer, nil
}

// tagOf binds a token to its query.
func tagOf(query map[string]string, begin int) string {
	sum := sha256.Sum256(fmt.Append(nil, query["StartTime"], query["EndTime"], query["Status"], query["SortBy"], begin))
	return hex.EncodeToString(sum[:12])
}

// match is the form of the Match that is understood.
var match = regexp.MustCompile(`^MediaSource in \('([a-z]+)'\) and CreationTime = \('([^']+)','([^']+)'\)$`)

// searchMedia is SearchMedia.
func (s *Server) searchMedia(query map[string]string) (any, error) {
	m := match.FindStringSubmatch(query["Match"])
	if m == nil {
		return nil, notValid("Match")
	}
	fields := strings.Split(query["Fields"], ",")
	var found []any
	for _, v := range s.Videos {
		if v.MediaSource != m[1] || v.CreationTime <= m[2] || v.CreationTime >= m[3] {
			continue
		}
		video := map[string]any{"VideoId": v.VideoID}
		for name, value := range map[string]string{
			"Title": v.Title, "Status": v.Status, "MediaSource": v.MediaSource, "CreationTime": v.CreationTime, "ModificationTime": v.ModificationTime,
		} {
			if slices.Contains(fields, name) {
				video[name] = value
			}
		}
		found = append(found, map[string]any{"MediaType": "video", "MediaId": v.VideoID, "CreationTime": v.CreationTime, "Video": video})
	}
	page, err := pageOf(found, query, query["ScrollToken"] != "")
	if err != nil {
		return nil, err
	}
	return map[string]any{"Total": len(found), "MediaList": page, "ScrollToken": "24e0fba7188fae707e146esa54000000"}, nil
}

// getVideoList is GetVideoList.
func (s *Server) getVideoList(query map[string]string) (any, error) {
	from, until, err := times(query, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	var found []any
	for _, v := range s.Videos {
		if slices.Contains(strings.Split(query["Status"], ","), v.Status) && v.CreationTime >= from && v.CreationTime <= until {
			v.MediaSource, v.UserData = "", ""
			found = append(found, v)
		}
	}
	page, err := pageOf(found, query, false)
	if err != nil {
		return nil, err
	}
	return map[string]any{"Total": len(found), "VideoList": map[string]any{"Video": page}}, nil
}

// pageOf returns a page of what was found.
func pageOf(found []any, query map[string]string, scrolls bool) ([]any, error) {
	size, err := integer(query, "PageSize", 10, maxPage)
	if err != nil {
		return nil, err
	}
	number, err := integer(query, "PageNo", 1, 1<<20)
	if err != nil {
		return nil, err
	}
	if !scrolls {
		found = found[:min(len(found), maxVideos)]
	}
	begin := min((number-1)*size, len(found))
	return append([]any{}, found[begin:min(begin+size, len(found))]...), nil
}

// getVideoInfos is GetVideoInfos.
func (s *Server) getVideoInfos(query map[string]string) (any, error) {
	ids := strings.Split(query["VideoIds"], ",")
	if query["VideoIds"] == "" || len(ids) > maxInfos {
		return nil, notValid("VideoIds")
	}
	videos, gone := []Video{}, []string{}
	for _, id := range ids {
		i := slices.IndexFunc(s.Videos, func(v Video) bool { return v.VideoID == id })
		if i < 0 {
			gone = append(gone, id)
			continue
		}
		v := s.Videos[i]
		v.MediaSource = ""
		videos = append(videos, v)
	}
	return map[string]any{"VideoList": videos, "NonExistVideoIds": gone}, nil
}
