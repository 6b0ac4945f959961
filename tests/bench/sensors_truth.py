# SPDX-License-Identifier: MIT
"""How long each phase of a probe truly took, from the packets that the emulated link recorded.

Each function takes the packets to and from one target (see wanrecord.h) and returns the times in
us, by the name of the phase: {"connect": [...], "tls": [...]}. A time runs from the last packet
with data of one side to the first (or, where a phase is over with the last, to the last) packet of
the other's answer, at the host's end of the link: what the host itself adds is not in it.
"""
SYN, ACK = 0x02, 0x10
# A resumed session comes without a certificate, which makes the server's flight so short.
RESUMED_BYTES = 500


def conversations(packets):
    """The TCP connections, oldest first: {"syns", "syn", "syn_ack", "flights"}. A flight is a run
    of packets with new data in one direction: {"up", "first", "last", "bytes"}."""
    result, last = [], {}
    for packet in packets:
        key = (packet["source"], packet["target"])
        conversation = last.get(key)
        if packet["up"] and packet["flags"] & (SYN | ACK) == SYN:
            if conversation is None or "syn_ack" in conversation:
                conversation = last[key] = {"syns": 0, "syn": packet["atNs"], "flights": [],
                                            "seen": {}}
                result.append(conversation)
            conversation["syns"] += 1
        elif conversation is None:
            continue
        elif packet["flags"] & SYN:
            conversation.setdefault("syn_ack", packet["atNs"])
        elif packet["bytes"] > 0 and _is_new(conversation["seen"], packet):
            _add(conversation["flights"], packet)
    return result


def _is_new(seen, packet):
    """Whether no packet before brought these bytes: a probe of the tail (RFC 8985) repeats them."""
    end, up = packet["sequence"] + packet["bytes"], packet["up"]
    if up in seen and not 0 < (end - seen[up]) % (1 << 32) < 1 << 31:
        return False
    seen[up] = end
    return True


def _add(flights, packet):
    if not flights or flights[-1]["up"] != packet["up"]:
        flights.append({"up": packet["up"], "first": packet["atNs"], "bytes": 0})
    flights[-1]["last"] = packet["atNs"]
    flights[-1]["bytes"] += packet["bytes"]


def _connects(conversations_):
    return [(one["syn_ack"] - one["syn"]) / 1000 for one in conversations_
            if one["syns"] == 1 and "syn_ack" in one]


def tcp(packets):
    """Handshakes."""
    return {"connect": _connects(conversations(packets))}


def _handshake(flights):
    """(us of a TLS 1.3 handshake, whether resumed): one flight each way, the wait between them."""
    return (flights[1]["last"] - flights[0]["last"]) / 1000, flights[1]["bytes"] < RESUMED_BYTES


def tls(packets):
    """Full and resumed handshakes. One connection is that of its probe, the next resumes it."""
    found, result = conversations(packets), {"connect": [], "tls": [], "resumed": []}
    for one in found:
        if len(one["flights"]) < 2:
            continue
        wait, resumed = _handshake(one["flights"])
        result["resumed" if resumed else "tls"].append(wait)
        if not resumed:
            result["connect"] += _connects([one])
    return result


def _requests(conversation, first, result):
    """Request and response in turns from flight `first` on; a second one is that of a reused
    connection."""
    flights = conversation["flights"]
    for name, at in (("request", first), ("reused", first + 2)):
        if len(flights) > at + 1:
            result[name].append((flights[at + 1]["first"] - flights[at]["last"]) / 1000)
    if len(flights) > first + 1:
        answer = flights[first + 1]
        result["transfer"].append((answer["last"] - answer["first"]) / 1000)


def _with_requests(packets, first):
    """Those that got an answer to a request: one that only shakes hands is beside a probe."""
    return [one for one in conversations(packets) if len(one["flights"]) > first + 1]


def http(packets):
    """Requests in the clear."""
    found = _with_requests(packets, 0)
    result = {"connect": _connects(found), "request": [], "reused": [], "transfer": []}
    for one in found:
        _requests(one, 0, result)
    return result


def https(packets):
    """Requests after a handshake; the end of that travels with the request. The server sends no
    session tickets, so what comes next is the response."""
    found = _with_requests(packets, 2)
    result = {"connect": _connects(found), "tls": [], "request": [], "reused": [], "transfer": []}
    for one in found:
        result["tls"].append(_handshake(one["flights"])[0])
        _requests(one, 2, result)
    return result


def icmp(packets):
    """Echo requests and their replies."""
    sent, times = {}, []
    for packet in packets:
        key = (packet["source"], packet["id"])
        if packet["up"]:
            sent[key] = packet["atNs"]
        elif key in sent:
            times.append((packet["atNs"] - sent.pop(key)) / 1000)
    return {"echo": times}


def dns(packets):
    """Queries and answers. The first of a socket is the probe's, the second the same once more."""
    sent, seen, result = {}, {}, {"answer": [], "cached": []}
    for packet in packets:
        key = (packet["source"], packet["id"])
        if packet["up"]:
            sent[key] = packet["atNs"]
        elif key in sent:
            turn = seen.get(packet["source"], 0)
            seen[packet["source"]] = turn + 1
            result[("answer", "cached")[turn % 2]].append((packet["atNs"] - sent.pop(key)) / 1000)
    return result


OF_KIND = {"tcp": tcp, "tls": tls, "http": http, "https": https, "icmp": icmp, "dns": dns}
PROTOCOL = {"icmp": "icmp", "dns": "udp"}  # the others: tcp


def phases(packets, kind, address, port=0):
    """{phase: [us, ...]} of the probes of one kind to one address and port."""
    wanted = [packet for packet in packets
              if packet["protocol"] == PROTOCOL.get(kind, "tcp")
              and packet["target"] == f"{address}:{port}"]
    return OF_KIND[kind](wanted)
