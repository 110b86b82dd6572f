"""An API that knows its own description: judges each request by it and answers as little as the description allows."""
