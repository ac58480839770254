package osstest

import (
	"slices"
	"sort"
)

// blockSize is how full load makes a block; insert splits a block at twice that.
const blockSize = 512

// An index keeps keys in byte order, the order of OSS's listings, such that finding one of a million
// takes two binary searches and adding one moves a few kilobytes: sorted blocks of sorted keys, none
// of them empty.
type index struct{ blocks [][]string }

// ceil returns the smallest key that is not below from.
func (x *index) ceil(from string) (key string, ok bool) {
	i := x.block(from)
	if i == len(x.blocks) {
		return "", false
	}
	j, _ := slices.BinarySearch(x.blocks[i], from)
	return x.blocks[i][j], true
}

// block returns the number of the first block that has a key not below from.
func (x *index) block(from string) int {
	return sort.Search(len(x.blocks), func(i int) bool {
		return x.blocks[i][len(x.blocks[i])-1] >= from
	})
}

// insert adds a key that is not there yet.
func (x *index) insert(key string) {
	if len(x.blocks) == 0 {
		x.blocks = [][]string{{key}}
		return
	}
	i := min(x.block(key), len(x.blocks)-1)
	j, _ := slices.BinarySearch(x.blocks[i], key)
	x.blocks[i] = slices.Insert(x.blocks[i], j, key)
	if full := x.blocks[i]; len(full) == 2*blockSize {
		x.blocks[i] = slices.Clone(full[:blockSize])
		x.blocks = slices.Insert(x.blocks, i+1, slices.Clone(full[blockSize:]))
	}
}

// remove takes away a key that is there.
func (x *index) remove(key string) {
	i := x.block(key)
	j, _ := slices.BinarySearch(x.blocks[i], key)
	x.blocks[i] = slices.Delete(x.blocks[i], j, j+1)
	if len(x.blocks[i]) == 0 {
		x.blocks = slices.Delete(x.blocks, i, i+1)
	}
}

// load adds many keys, which may be there already, at the cost of sorting all.
func (x *index) load(keys []string) {
	all := slices.Concat(append(x.blocks, keys)...)
	slices.Sort(all)
	x.blocks = nil
	for block := range slices.Chunk(slices.Compact(all), blockSize) {
		x.blocks = append(x.blocks, slices.Clone(block)) // a block that grows must not run into the next
	}
}
