// Package spelling finds the word that somebody meant.
package spelling

import "strings"

// Nearest returns the known word that differs least from word, or "" where none is near: a third of the letters may
// differ, and one at least.
func Nearest(word string, known []string) string {
	best, nearest := max(1, len(word)/3)+1, ""
	for _, k := range known {
		if d := distance(strings.ToLower(word), strings.ToLower(k)); d < best {
			best, nearest = d, k
		}
	}
	return nearest
}

// DidYouMean is the end of a message about an unknown word: empty where none is near.
func DidYouMean(word string, known []string) string {
	if nearest := Nearest(word, known); nearest != "" {
		return "; did you mean " + nearest + "?"
	}
	return ""
}

// distance is how many letters must be inserted, dropped or exchanged to turn a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
