"""Loops over lanes are written for all lanes at once, or become plain loops.

    %y = for %B, %o {direction = 1, lanes = "simd"} body(%k, %o0) {
      %x = read %xs, %k                                                      %y: f64[B] = sine %xs
      %s = sine %x                                                     →
      %o1 = upd %o0, %s, %k
      yield %o1 }

The trips of such a loop may run in any order: `lanes` says so, and which strategy the user asks for. That they are
independent is seen from what the loop carries (`carries`); where they are not, the loop stays a loop.

versions      what a carry is handed on as;  carries: rows, sums, or a dependence;  rows: the own part of each lane
uniformity    what varies from lane to lane
vectorize     the body for all lanes;  accesses: reads and writes;  sums: what all lanes add to;  combining: how
contractions  sums over lanes of products
divergence    branches with masks;  ragged: loops with masks;  chains: arrays that go through both
choose        which strategy;  cost: what a lane costs alone and together;  working_set: what its loops keep at hand
expand        one loop;  blocks: many lanes;  loops: all loops of a program;  meter: how many lanes are active
selected_sums sums of which a condition chooses one
"""

from hloc.transform.lanes.loops import expand_lanes
from hloc.transform.lanes.meter import Meter

__all__ = ["Meter", "expand_lanes"]
