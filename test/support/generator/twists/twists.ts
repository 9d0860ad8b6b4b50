import { happeningTwists, resultTwists } from './card.ts'
import { confusionTwists } from './confusion.ts'
import { coseTwists } from './cose.ts'
import { divocTwists } from './divoc.ts'
import { forgeryTwists, rawTwists } from './forgery.ts'
import { jwsTwists } from './jws.ts'
import { mapKeyTwists, tagTwists } from './map-keys.ts'
import { shapeTwists } from './shape.ts'
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
  ...divocTwists,
]
