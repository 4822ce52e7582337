"""Essays in, index out; knows nothing of questions or bots."""
