"""Print the facts of real shops that `footfall` is built on: ``python -m data.synthetic.rossmann_facts FILE``.

FILE is a Parquet table of daily ``Customers`` by ``Store``, ``Date``, ``DayOfWeek`` (1 is Monday) and ``Promo``.
"""

import sys

import numpy as np
import pandas as pd


def facts(days: pd.DataFrame) -> dict[str, object]:
    """Rhythm and spread of the open days in ``days``."""
    days = days[days["Customers"] > 0]
    level = days[days["DayOfWeek"] < 7].groupby("Store")["Customers"].mean()
    relative = days["Customers"] / days["Store"].map(level)
    weekly = days["Customers"] / days.groupby(["Store", "DayOfWeek"])["Customers"].transform("mean")
    log_weekly = weekly.map(np.log)
    month = days["Date"].dt.month
    unexplained = log_weekly - log_weekly.groupby([days["Promo"], month]).transform("mean")
    saturday = days["DayOfWeek"] == 6
    no_sunday = days["DayOfWeek"] < 7
    working = days["DayOfWeek"] < 6
    return {
        "median visitors per day": round(float(level.median()), 1),
        "log-sd between stores": round(float(np.log(level).std()), 3),
        "weekday factor": relative.groupby(days["DayOfWeek"]).mean().round(3).to_dict(),
        "saturday sd between stores": round(float(relative[saturday].groupby(days["Store"]).mean().std()), 3),
        "month factor": relative[no_sunday].groupby(month[no_sunday]).mean().round(3).to_dict(),
        "promotion share": round(float(days["Promo"].mean()), 3),
        "promotion factor": relative[working].groupby(days["Promo"][working]).mean().round(3).to_dict(),
        "day log-sd": round(float(unexplained.std()), 3),
    }


if __name__ == "__main__":
    for name, value in facts(pd.read_parquet(sys.argv[1])).items():
        sys.stdout.write(f"{name}: {value}\n")
