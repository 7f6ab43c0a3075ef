"""The media port on rtpengine (docs/rtpengine.md): it carries the packets, this package tells it what to do."""
