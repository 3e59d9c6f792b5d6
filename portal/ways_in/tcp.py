"""The way into any other service: an address for whatever program speaks its protocol."""

from portal.ways_in.port_ways import PortKind, PortWay


class TcpWay(PortWay):
    icon = "network"


TCP = PortKind("tcp", TcpWay)
