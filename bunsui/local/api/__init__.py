"""The Step Functions API, and the Invoke of Lambda, over the embedded engine on a loopback port."""
