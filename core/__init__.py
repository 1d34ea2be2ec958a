"""What the three domain packages stand on: geodata, policy, accounts, jobs, mapedit, web."""
