module github.com/kubectl-scars/kubectl-scars

go 1.26.0
