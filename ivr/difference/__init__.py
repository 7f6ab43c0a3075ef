"""What differs between two versions of the flows for those who call, in words and as a picture."""
