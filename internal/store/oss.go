package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"net/http"
	"strconv"
	"strings"

	"github.com/aliyun/aliyun-oss-go-sdk/oss"

	"github.com/vod-callback/recorder/internal/record"
)

// An ossStore reads a bucket that record.OSSRecorder wrote to.
type ossStore struct {
	prefix   string // without slashes at both ends; may be empty
	recorder *record.OSSRecorder
	limit    int64 // the maximum size of an object, in bytes
}

// pageSize is the maximum number of keys in one answer of OSS.
const pageSize = 1000

func (s *ossStore) Types(ctx context.Context) ([]string, error) {
	var types []string
	for name, err := range s.directories(ctx, "") {
		if err != nil {
			return nil, err
		}
		if IsEventRoot(name) {
			types = append(types, name)
		}
	}
	return types, nil
}

func (s *ossStore) Days(ctx context.Context, root string) ([]string, error) {
	var days []string
	for name, err := range s.directories(ctx, root+"/") {
		if err != nil {
			return nil, err
		}
		if day, ok := dayOf(name); ok {
			days = append(days, day)
		}
	}
	return days, nil
}

// directories yields the names of the directories directly below prefix.
func (s *ossStore) directories(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for page, err := range s.pages(ctx, prefix, oss.Delimiter("/")) {
			if err != nil {
				yield("", err)
				return
			}
			for _, dir := range page.CommonPrefixes {
				if !yield(strings.TrimSuffix(strings.TrimPrefix(dir, s.full(prefix)), "/"), nil) {
					return
				}
			}
		}
	}
}

func (s *ossStore) Keys(ctx context.Context, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		for page, err := range s.pages(ctx, prefix) {
			if err != nil {
				yield(Object{}, err)
				return
			}
			for _, o := range page.Objects {
				if !yield(Object{Key: strings.TrimPrefix(o.Key, s.full("")), Size: o.Size, Modified: o.LastModified}, nil) {
					return
				}
			}
		}
	}
}

// pages yields the pages of a listing of the objects below prefix.
func (s *ossStore) pages(ctx context.Context, prefix string, opts ...oss.Option) iter.Seq2[oss.ListObjectsResultV2, error] {
	return func(yield func(oss.ListObjectsResultV2, error) bool) {
		bucket, err := s.recorder.Bucket(ctx)
		if err != nil {
			yield(oss.ListObjectsResultV2{}, err)
			return
		}
		opts = append(opts, oss.Prefix(s.full(prefix)), oss.MaxKeys(pageSize))
		for token := ""; ; {
			pageOpts := opts[:len(opts):len(opts)]
			if token != "" {
				pageOpts = append(pageOpts, oss.ContinuationToken(token))
			}
			page, err := persist(ctx, func(ctx context.Context) (oss.ListObjectsResultV2, error) {
				return bucket.ListObjectsV2(append(pageOpts, oss.WithContext(ctx))...)
			})
			if err != nil {
				yield(oss.ListObjectsResultV2{}, fmt.Errorf("oss list %s/%s: %w", bucket.BucketName, s.full(prefix), record.Describe(err)))
				return
			}
			if !yield(page, nil) || !page.IsTruncated {
				return
			}
			token = page.NextContinuationToken
		}
	}
}

func (s *ossStore) Get(ctx context.Context, key string) ([]byte, error) {
	bucket, err := s.recorder.Bucket(ctx)
	if err != nil {
		return nil, err
	}
	data, err := persist(ctx, func(ctx context.Context) ([]byte, error) {
		var header http.Header
		body, err := bucket.GetObject(s.full(key), oss.WithContext(ctx), oss.GetResponseHeader(&header))
		if err != nil {
			return nil, err
		}
		size, err := strconv.ParseInt(header.Get("Content-Length"), 10, 64)
		if err != nil {
			size = -1
		}
		data, err := readAll(body, size, s.limit)
		return data, errors.Join(err, body.Close())
	})
	if answer, ok := errors.AsType[*record.AnswerError](err); ok && answer.Status == http.StatusNotFound && answer.Code == "NoSuchKey" {
		return nil, fmt.Errorf("oss get %s/%s: %w", bucket.BucketName, s.full(key), fs.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("oss get %s/%s: %w", bucket.BucketName, s.full(key), record.Describe(err))
	}
	return data, nil
}

// full returns the object's name in the bucket.
func (s *ossStore) full(key string) string {
	if s.prefix == "" {
		return key
	}
	return s.prefix + "/" + key
}
