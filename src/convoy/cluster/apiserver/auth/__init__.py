"""Who may speak to the API server, and what each may do: TLS, tokens, RBAC, reviews, kubeconfig."""
