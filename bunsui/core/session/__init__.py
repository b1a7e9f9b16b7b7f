"""Sessions: the life-cycle reducer, the rerun planner and the use cases."""
