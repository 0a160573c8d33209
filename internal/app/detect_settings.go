package app

// DetectSettings are what an organisation decided about detections.
type DetectSettings struct {
	Rules        []string                  `yaml:"rules"`
	Off          []SwitchSetting           `yaml:"off"`
	Trusted      []NetworkSetting          `yaml:"trusted_networks"`
	Severity     map[string]string         `yaml:"severity"`
	Params       map[string]map[string]any `yaml:"params"`
	Placeholders map[string][]string       `yaml:"placeholders"`
	Own          []string                  `yaml:"own_addresses"`
	Accounts     []string                  `yaml:"accounts"`
	Geo          GeoSetting                `yaml:"geo"`
	Ranges       string                    `yaml:"aws_ranges"`
}

// SwitchSetting switches a detection off.
type SwitchSetting struct {
	Rule   string `yaml:"rule"`
	Owner  string `yaml:"owner"`
	Reason string `yaml:"reason"`
	Until  string `yaml:"until"`
}

// NetworkSetting is a range of addresses whose alerts open nothing.
type NetworkSetting struct {
	CIDR   string `yaml:"cidr"`
	Owner  string `yaml:"owner"`
	Reason string `yaml:"reason"`
	Until  string `yaml:"until"`
}

// GeoSetting names files that say where addresses are.
type GeoSetting struct {
	MMDB []string `yaml:"mmdb"`
	CSV  []string `yaml:"csv"`
}
