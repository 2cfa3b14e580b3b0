"""What the control plane writes into its cluster; with several replicas only the leader does."""
