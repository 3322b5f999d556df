"""What the tables show is what happened: backlogs, crowds and propensities can be told from them."""

import numpy as np
import pandas as pd

from data.synthetic.network import Network
from data.synthetic.policy import Policy
from features.history import read_history
from tests.unit.data.synthetic.conftest import SMALL, Made


def test_backlogs_follow_from_the_tables(made: Made) -> None:
    attempts = read_history(made.dataset).attempts
    true = made.truth.set_index("fulfilment_id").loc[list(attempts.fulfilment_id), "backlog"]
    np.testing.assert_array_equal(attempts.columns["backlog"], true.to_numpy())
    assert true.max() >= 5


def test_footfall_ratios_follow_from_the_tables_once_the_usual_is_known(made: Made) -> None:
    attempts = read_history(made.dataset).attempts
    true = made.truth.set_index("fulfilment_id").loc[list(attempts.fulfilment_id), "footfall_ratio"].to_numpy()
    read = attempts.columns["footfall_ratio"]
    later = attempts.decided_at > attempts.decided_at.min() + 40 * 86_400
    known = later & np.isfinite(true) & np.isfinite(read)
    assert (np.isfinite(true) == np.isfinite(read))[later].mean() > 0.99
    assert np.corrcoef(np.log(true[known]), np.log(read[known]))[0, 1] > 0.85


def test_of_what_could_have_been_chosen_one_was(made: Made) -> None:
    """The location that a first decision chose is told among its alternatives, with the same truth."""
    alternatives = pd.read_parquet(made.truth_folder / "alternatives.parquet")
    services = made.dataset.fulfilments.set_index("fulfilment_id")["carrier_service_id"]
    chosen = made.truth.assign(carrier_service_id=services.loc[list(made.truth["fulfilment_id"])].to_numpy())
    keys = ["order_id", "location_id", "carrier_service_id", "decided_at"]
    assert not alternatives.duplicated(keys).any()
    same = alternatives.merge(chosen, on=keys, suffixes=("", "_chosen"))
    assert same["order_id"].nunique() == len(same) == alternatives["order_id"].nunique()
    assert len(same) > 500
    for name in alternatives.columns.difference(keys):
        np.testing.assert_array_equal(same[name], same[f"{name}_chosen"], err_msg=name)


def test_a_choice_happens_as_often_as_its_propensity_says() -> None:
    rng = np.random.default_rng(3)
    policy = Policy(Network.draw(SMALL, rng))
    location, score = np.array([0, 1, 2, 3]), np.array([6.0, 6.5, 8.0, 30.0])
    backlog, last, trials = np.zeros(20, np.int64), np.array([False, True, False, False]), 20_000
    drawn = [policy.choose(location, score, last=last, backlog=backlog, rng=rng) for _ in range(trials)]
    chosen = np.array([choice for choice, _ in drawn])
    share = np.array([next(probability for choice, probability in drawn if choice == which) for which in range(4)])
    assert abs(share.sum() - 1) < 1e-12
    error = np.sqrt(share * (1 - share) / trials)
    assert (np.abs(np.bincount(chosen, minlength=4) / trials - share) < 4 * error).all()


def test_propensities_are_probabilities_and_the_policy_explores(made: Made) -> None:
    propensity = made.dataset.fulfilments["propensity"]
    assert ((propensity > 0) & (propensity <= 1)).all()
    collected = made.truth["service_level"] == "collect"
    assert (propensity[collected.to_numpy()] == 1).all()
    assert (propensity < 0.05).mean() > 0.02
