package network

//go:generate go run ./gen

// Likelihood tells how likely the letters of a label follow on each other in names that
// people think up: the logarithm to base 2, a letter on average. Words score about -4.3,
// letters drawn by lot about -6.2. It tells nothing of names that are put together from
// whole words, as some generators do.
func Likelihood(label string) float64 {
	sum, last := 0, 28
	for i := range len(label) {
		at := letter(label[i])
		sum += int(letters[last][at])
		last = at
	}
	sum += int(letters[last][28])
	return float64(sum) / 8 / float64(len(label)+1)
}

// letter is the place of a character in the table; what is no letter counts as a digit.
func letter(c byte) int {
	switch {
	case c >= 'a' && c <= 'z':
		return int(c - 'a')
	case c == '-':
		return 27
	}
	return 26
}
