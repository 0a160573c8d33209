package control

// equivalent lists mutants that no example can notice, with the reason: control,
// mutant, why.
var equivalent = map[string]map[string]string{}
