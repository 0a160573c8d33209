// Package repo keeps the promises that no single package can: which room may
// know which other (layers_test.go), that rooms are labelled (rooms_test.go),
// that the catalogue is whole and says true ids (catalogue_test.go), that
// documentation leads somewhere and its examples run (docs_test.go), and how big
// things may become (size_test.go). It holds tests only.
package repo
