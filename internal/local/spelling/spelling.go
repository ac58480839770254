// Package spelling suggests known words for a misspelled word.
package spelling

import "strings"

// Nearest returns the known word that differs least from word, or "" if none is near. At most a third of the letters
// may differ, but always one. A known word that begins with word counts as one difference.
func Nearest(word string, known []string) string {
	if word == "" {
		return ""
	}
	best, nearest := max(1, len(word)/3)+1, ""
	for _, k := range known {
		d := distance(strings.ToLower(word), strings.ToLower(k))
		if strings.HasPrefix(strings.ToLower(k), strings.ToLower(word)) {
			d = min(d, 1)
		}
		if d < best {
			best, nearest = d, k
		}
	}
	return nearest
}

// DidYouMean returns the end of a message about an unknown word. It is empty if no known word is near.
func DidYouMean(word string, known []string) string {
	if nearest := Nearest(word, known); nearest != "" {
		return "; did you mean " + nearest + "?"
	}
	return ""
}

// distance returns how many letters must be inserted, deleted, replaced, or swapped with the next one to turn a
// into b.
func distance(a, b string) int {
	d := make([][]int, len(a)+1) // d[i][j] is the distance of the first i letters of a and the first j of b
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d[i][j] = min(d[i-1][j-1]+cost, d[i-1][j]+1, d[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}
