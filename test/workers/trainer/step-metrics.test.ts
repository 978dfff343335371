import t from 'tap'
import { sampleInterval } from '../../../workers/trainer/step-metrics.js'

t.test(
  'Steps are told four times a second at first, and less and less often the longer a run trains',
  async t => {
    t.strictSame([0, 500, 1_000, 20_000, 1_000_000].map(sampleInterval), [250, 250, 500, 10_000, 10_000])
    // 4 a second for 500 s, then 2,000 for each e-fold of time up to 20,000 s, then one every 10 s.
    const expected = 4 * 500 + 2_000 * Math.log(20_000 / 500) + (86_400 - 20_000) / 10
    let samples = 0
    for (let seconds = 0; seconds < 86_400; seconds += sampleInterval(seconds) / 1000) samples++
    t.ok(Math.abs(samples - expected) < 10, `${samples} in a day, ${expected} by the integral`)
  },
)
