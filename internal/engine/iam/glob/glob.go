// Package glob is about the patterns of AWS policies, in which * stands for any
// text and ? for any one character: what matches them, and what they have in
// common with each other.
package glob
