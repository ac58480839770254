package reconcile

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/record"
	"github.com/vod-callback/recorder/internal/store"
	"github.com/vod-callback/recorder/internal/test/osstest"
	"github.com/vod-callback/recorder/internal/test/proc"
	"github.com/vod-callback/recorder/internal/test/producertest"
)

// scaleEnv has, in the process that BenchmarkScale measures, the addresses of API and OSS.
const scaleEnv = "RECONCILE_SCALE"

func TestMain(m *testing.M) {
	if where := os.Getenv(scaleEnv); where != "" {
		if err := compareAtScale(where); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// A scaleResult is what the measured process says.
type scaleResult struct {
	Ended, Missing, Shown, Names int
	PeakMB                       float64
}

// compareAtScale is what cmd/reconcile does, without its limit of requests a second.
func compareAtScale(where string) error {
	api, oss, _ := strings.Cut(where, " ")
	target, err := record.ParseTarget("oss://bucket/outcomes?region=" + osstest.DefaultRegion + "&endpoint=" + oss)
	if err != nil {
		return err
	}
	env := map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_ID": "id", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "secret"}
	s, err := store.Open(target, func(name string) string { return env[name] })
	if err != nil {
		return err
	}
	p, err := NewProducer(events.IMS, fast(api))
	if err != nil {
		return err
	}
	progress := new(Progress)
	r, err := Comparison{Producer: p, Store: s, Since: noon.Add(-24 * time.Hour), Until: noon, Longest: 24 * time.Hour, Progress: progress}.Run(context.Background())
	if err != nil {
		return err
	}
	said := scaleResult{Ended: r.Ended, Missing: r.Missing, Names: int(progress.Names.Load())}
	for page, err := range r.Findings() {
		if err != nil {
			return err
		}
		said.Shown += len(page)
	}
	peak, _, err := proc.Usage(os.Getpid())
	if err != nil {
		return err
	}
	said.PeakMB = float64(peak) / (1 << 20)
	return json.NewEncoder(os.Stdout).Encode(said)
}

// maxMemory is the most that a comparison may take, in MB.
const maxMemory = 64

// BenchmarkScale compares a day of 100,000 edits, in a process of its own, with servers that play the API and
// OSS on the same machine. It reports the requests and the most memory of that process, and fails where that
// is more than promised.
func BenchmarkScale(b *testing.B) {
	if _, _, err := proc.Usage(os.Getpid()); err != nil {
		b.Skip("the kernel does not tell: ", err)
	}
	const aDay = 100_000
	jobs := manyJobs(2 * aDay) // those that were submitted up to a day before the first that counts
	for _, bench := range []struct {
		name    string
		lost    func(i int) bool
		missing int
	}{
		{"nothing missing", func(int) bool { return false }, 0},
		{"1 in 1,000 missing", func(i int) bool { return i%1000 == 0 }, aDay / 1000},
		{"all missing", func(int) bool { return true }, aDay},
	} {
		b.Run(bench.name, func(b *testing.B) {
			producer := &producertest.Server{Jobs: jobs}
			api := startServer(b, producer)
			oss, err := osstest.Start(osstest.Config{LogSize: 1})
			if err != nil {
				b.Fatal(err)
			}
			defer oss.Close()
			oss.SetCredentials(osstest.Credentials{AccessKeyID: "id", AccessKeySecret: "secret"})
			oss.AddBucket("bucket", osstest.BucketOptions{})
			if err := oss.Seed("bucket", manyNames(jobs, bench.lost)); err != nil {
				b.Fatal(err)
			}
			var said scaleResult
			var peak float64
			for b.Loop() {
				cmd := exec.Command(os.Args[0])
				cmd.Env = append(os.Environ(), scaleEnv+"="+api+" "+oss.URL())
				cmd.Stderr = os.Stderr
				out, err := cmd.Output()
				if err != nil {
					b.Fatal(err)
				}
				if err := json.Unmarshal(out, &said); err != nil {
					b.Fatal(err)
				}
				peak = max(peak, said.PeakMB)
			}
			if said.Ended != aDay || said.Missing != bench.missing || said.Shown != said.Missing {
				b.Errorf("%+v; want %d ended, %d missing", said, aDay, bench.missing)
			}
			if peak > maxMemory {
				b.Errorf("%.0f MB; promised are %d", peak, maxMemory)
			}
			b.ReportMetric(float64(len(producer.Requests()))/float64(b.N), "api-requests/op")
			b.ReportMetric(float64(oss.Stats().Requests)/float64(b.N), "oss-requests/op")
			b.ReportMetric(float64(said.Names), "names")
			b.ReportMetric(peak, "MB-peak")
		})
	}
}

// manyJobs returns n jobs that ended in the two days before noon, each after a minute.
func manyJobs(n int) []producertest.Job {
	random := rand.New(rand.NewPCG(1, 1))
	id := func() string { return fmt.Sprintf("%016x%016x", random.Uint64(), random.Uint64()) }
	jobs := make([]producertest.Job, n)
	for i := range jobs {
		at := noon.Add(-48 * time.Hour).Add(time.Duration(i) * (48 * time.Hour / time.Duration(n)))
		j := ended(id(), id(), at)
		j.CreateTime = at.Add(-time.Minute).Format(apiTime)
		j.ProjectID, j.TemplateID, j.Duration = id(), id(), 15.5
		j.MediaURL = "http://outputs.oss-cn-shanghai.aliyuncs.com/edits/" + j.JobID + ".mp4"
		j.UserData = `{"NotifyAddress":"https://media.example.com/callback","Extend":"` + id() + `"}`
		j.ClipsParam = `{"Text0":"` + id() + `","Media0":"` + id() + `"}`
		jobs[i] = j
	}
	return jobs
}

// manyNames yields the names of the jobs' records, without those that are lost.
func manyNames(jobs []producertest.Job, lost func(int) bool) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for i, j := range jobs {
			at, err := time.Parse(apiTime, j.CompleteTime)
			if err != nil {
				panic(err) // manyJobs made it
			}
			if i >= len(jobs)/2 && lost(i) {
				continue
			}
			key := "outcomes/ProduceMediaComplete/dt=" + at.Format(time.DateOnly) + "/" + j.MediaID + "/" + at.Format("20060102T150405Z") + "-success-" + fmt.Sprintf("%012x.json", i)
			if !yield(key, []byte("{}")) {
				return
			}
		}
	}
}
