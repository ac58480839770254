package record

// Endpoint shows which endpoint a recorder of target uses for a function in region own.
func Endpoint(target OSSTarget, region, own string) string {
	return NewOSS(target, func(string) string { return "" }).endpoint(region, own)
}
