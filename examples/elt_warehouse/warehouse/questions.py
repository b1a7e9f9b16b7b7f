"""The questions that are asked of the warehouse, after some of TPC-H's."""

from __future__ import annotations

from collections.abc import Mapping

QUESTIONS: Mapping[str, str] = {
    # What was sold, by what became of it.
    "q1": """
        SELECT returned, count(*) AS lines, sum(quantity) AS quantity, sum(revenue) AS revenue
        FROM facts.sales GROUP BY returned ORDER BY returned
    """,
    # The ten largest orders of one segment.
    "q3": """
        SELECT s.orderkey, s.ordered, sum(s.revenue) AS revenue
        FROM facts.sales s JOIN dims.customers c USING (custkey)
        WHERE c.segment = 'BUILDING'
        GROUP BY s.orderkey ORDER BY revenue DESC, s.orderkey LIMIT 10
    """,
    # Revenue of nations that bought from suppliers of their own.
    "q5": """
        SELECT c.region, c.nation, sum(s.revenue) AS revenue
        FROM facts.sales s JOIN dims.customers c USING (custkey) JOIN dims.suppliers p USING (suppkey)
        WHERE c.nation = p.nation
        GROUP BY c.nation ORDER BY revenue DESC, c.nation
    """,
    # What a discount less would have brought.
    "q6": """
        SELECT sum(price * discount / 100) AS revenue
        FROM facts.sales WHERE discount BETWEEN 5 AND 7 AND quantity < 24
    """,
}
