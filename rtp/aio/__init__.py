"""The shell around the media cores: sockets, the ticker and the engine on an asyncio loop."""
