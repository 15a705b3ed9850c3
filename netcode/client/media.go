package client

import (
	"github.com/loci-place/loci/netcode"
)

// SendMedia sends a piece of audio on a track that the agent was allocated
// (netcode/PROTOCOL.md, "Media"). It is lost where the network is slow or busy.
func (c *Client) SendMedia(track uint32, payload []byte) error {
	return c.sendMedia(c.dialect.Audio, track, payload)
}

// SendVideo is SendMedia for video.
func (c *Client) SendVideo(track uint32, payload []byte) error {
	return c.sendMedia(c.dialect.Video, track, payload)
}

func (c *Client) sendMedia(channel uint8, track uint32, payload []byte) error {
	if err := c.Err(); err != nil {
		return err
	}
	return c.send(channel, false, netcode.MediaFrame{Track: track, Payload: payload}.Append(nil, c.dialect.MediaTrailer))
}

// SendAsset sends an asset frame: a request for a range of an asset's bytes, or
// the answer to one that OnAsset was called with.
func (c *Client) SendAsset(f netcode.AssetFrame) error {
	if err := c.Err(); err != nil {
		return err
	}
	return c.send(c.dialect.Assets, true, f.Append(nil))
}
