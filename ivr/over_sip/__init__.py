"""The Call and AgentPhones ports over SIP and RTP."""
