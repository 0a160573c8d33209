package risk

// Risk is one scenario as the evidence leaves it.
type Risk struct {
	ID          string   `json:"id"`
	Title       string   `json:"title"`
	Likelihood  int      `json:"likelihood"`  // 1-based step on the matrix's scale
	Consequence int      `json:"consequence"` // 1-based
	Level       Level    `json:"level"`
	Findings    int      `json:"findings"` // open failures that feed it
	Accounts    int      `json:"accounts"` // in which they are
	Steps       []string `json:"steps"`    // how likelihood came about, in order
}
