"""Instances are plain data, and what a source or a scorer does to them reaches nobody else."""

import numpy as np
import pytest

from rlsf_gym.instance import Instance, check_instance, copy_data


@pytest.mark.parametrize(
    "made",
    [None, ("3=", 0, {"a": 3}), {"a": 3}, Instance(3, 0, {"a": 3}), Instance("3=", "a", {"a": 3})],
)
def test_what_is_no_instance_is_refused(made):
    with pytest.raises(ValueError, match="sample of instances must return an Instance with a text"):
        check_instance(made, "sample")


@pytest.mark.parametrize("data", [None, {"a": np.int64(3)}, {"a": {3}}, {1: 3}, {"a": float("nan")}])
def test_data_that_is_not_plain_is_refused(data):
    with pytest.raises(ValueError, match="data of an instance must"):
        check_instance(Instance("3=", 0, data), "make")


@pytest.mark.parametrize("data", [{"_a": 3}, {"a": {"_b": 3}}, {"a": [{"_b": 3}]}])
def test_keys_that_vectors_keep_for_themselves_are_refused(data):
    with pytest.raises(ValueError, match="keys must not begin with '_', as '_"):
        copy_data(data)


def test_an_instance_shares_nothing_with_its_source():
    numbers = [3, 5]
    checked = check_instance(Instance("3=", np.int64(4), {"numbers": numbers}), "sample")
    numbers.append(7)
    assert checked == ("3=", 4, {"numbers": [3, 5]})
