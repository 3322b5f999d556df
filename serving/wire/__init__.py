"""What travels over HTTP: the models of requests and answers, and their examples."""
