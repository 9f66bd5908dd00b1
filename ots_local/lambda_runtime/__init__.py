"""Run a built bundle in the Lambda runtime, with AWS's own emulator, on this machine."""
