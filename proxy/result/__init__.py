"""What the server sends back: walked by message, not taken apart. Pure."""
