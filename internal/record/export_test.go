package record

import "context"

// Endpoint shows which endpoint a recorder of target uses for a function in region own.
func Endpoint(target OSSTarget, region, own string) string {
	return NewOSS(target, func(string) string { return "" }).endpoint(region, own)
}

// Persist is persist.
func Persist(ctx context.Context, try func(context.Context) (Result, error)) (Result, error) {
	return persist(ctx, try)
}
