module github.com/loci-place/loci

go 1.26

require github.com/codecat/go-enet v0.0.0-20230124183417-a8586e7e37c4
