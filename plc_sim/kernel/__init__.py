"""The event-jump kernel: numba functions over one block of words per scenario.

`advance` is the loop, `host` what is done between its calls. A component `x` is two modules or one: `x_row`
has its row and its values between events, `x` its step; where nobody else needs the row both are in `x`. What
several components share: `header`, `row` and `layout` (the block), `signals`, `schedule`, `place`, `carrier`
and `part` (who hands parts to whom), `profile`, `jerk` and `decay` (motion and approach in closed form),
`draw` and `normal` (random numbers). Arms: `arm` moves, `straight` along lines, `kinematics` by structure
(`spherical`, `parallel`, `upright`). The PLC: `plc`, `plc_rows`, `memory`, `exchange`, `link`, `source`.
"""
