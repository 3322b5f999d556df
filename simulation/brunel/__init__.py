"""One day of a real distribution network: which of 18 plants fulfils each of 9,215 orders, under hard rules.

The tables are those of the Supply Chain Logistics Problem Dataset (Brunel University London, figshare 7558679).

What an order costs, as far as one order has a cost of its own: the plant's cost per unit × units, plus the freight, the
larger of a rate's minimum and its price per kg × weight. Freight that the customer arranges (CRF) costs nothing. Where
several rates of one freight service hold the weight, the cheapest counts. Ground rates are read like air rates; the
dataset's authors share a truck's rate among all that it carries, which is no cost of a single order. How many days the
freight takes is told and not restricted, since the tables name no latest day. The plant that the file names for each
order is how the day went before the capacities were what they are, and is not used.
"""
