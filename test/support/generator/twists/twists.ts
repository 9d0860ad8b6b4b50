import { happeningTwists, resultTwists } from './card.ts'
import { coseTwists, forgeryTwists, jwsTwists, rawTwists } from './encoding.ts'
import { mapKeyTwists, tagTwists } from './map-keys.ts'
import { confusionTwists, shapeTwists } from './shape.ts'
import type { Twist } from './twist.ts'
import { countTwists, dateTwists, issuerTwists, nameTwists, periodTwists } from './values.ts'

/** Every way to twist a credential. */
export const allTwists: Twist[] = [
  ...mapKeyTwists,
  ...tagTwists,
  ...shapeTwists,
  ...confusionTwists,
  ...periodTwists,
  ...dateTwists,
  ...countTwists,
  ...nameTwists,
  ...issuerTwists,
  ...coseTwists,
  ...forgeryTwists,
  ...jwsTwists,
  ...rawTwists,
  ...happeningTwists,
  ...resultTwists,
]
