import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import type { LastingStaging, Staging, Store } from './store/store'

/** The stagings of a store, each as it is made of it. */
export const stagedBy = (
  { stage, keeping }: Pick<Store, 'stage' | 'keeping'>,
  made: (staging: Staging) => Staging,
  madeLasting: (staging: LastingStaging) => LastingStaging,
): Pick<Store, 'stage' | 'keeping'> => ({
  stage: (key) => TE.map(made)(stage(key)),
  ...(keeping === undefined
    ? {}
    : {
        keeping: {
          stage: (key) => TE.map(madeLasting)(keeping.stage(key)),
          restage: (key, sizeBytes) => TE.map(O.map(madeLasting))(keeping.restage(key, sizeBytes)),
        },
      }),
})
