package assets

// Stats is how the cache is doing.
type Stats struct {
	Assets int    // that it has
	Bytes  int64  // that these take
	Limit  int64  // that they may take; 0 = there is no cache
	Hits   uint64 // ranges that agents asked for, of what was here
	Misses uint64 // and of what had to be looked for elsewhere
}

// Stats tells how the cache is doing.
func (c *Centre) Stats() Stats {
	s := Stats{Hits: c.hits.Load(), Misses: c.misses.Load()}
	if c.cache == nil {
		return s
	}
	s.Limit = c.cache.limit
	c.cache.mu.Lock()
	defer c.cache.mu.Unlock()
	s.Assets, s.Bytes = len(c.cache.entries), c.cache.used
	return s
}
