"""Test phones: ordinary SIP phones that ring any server, press keys, and keep what they hear."""
