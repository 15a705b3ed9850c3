package enet

// enetDeliveries are the packets under way of which somebody wants to hear that they
// have arrived. They belong to the one who has the host.
type enetDeliveries []enetDelivery

type enetDelivery struct {
	mark enetMark
	tell func()
}

// look takes out those that have arrived, or have nobody left to arrive at, and
// appends the news.
func (d *enetDeliveries) look(news []enetNews) []enetNews {
	still := (*d)[:0]
	for _, delivery := range *d {
		if delivery.mark.free() {
			delivery.mark.forget()
			news = append(news, enetNews{kind: enetDelivered, tell: delivery.tell})
		} else {
			still = append(still, delivery)
		}
	}
	clear((*d)[len(still):])
	*d = still
	return news
}

// forget is for when the host is gone, and all its packets.
func (d *enetDeliveries) forget() {
	for _, delivery := range *d {
		delivery.mark.forget()
	}
	*d = nil
}
