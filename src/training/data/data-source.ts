/** A data set that can be named, and what its loader is told: the entries of registry.ts, and what tasks read. */
import type { Dataset } from './dataset.js';

export interface DataRequest {
  /** Where downloaded and parsed data are kept between runs. */
  readonly cacheDirectory: string;
  /**
   * This device's own data instead of a share of the task's: a directory in the form that the task reads. All of its
   * training samples are this peer's, whatever the partition.
   */
  readonly dataDirectory?: string | undefined;
  /** Called with a sentence for the user, such as the note of a partition. */
  readonly onNotice?: (sentence: string) => void;
}

export interface DataSource {
  /** Canonical spec; data of one spec are the same. */
  readonly spec: string;
  /** @throws GrapevineError DATA_UNAVAILABLE, BAD_CONFIG */
  load(request: DataRequest): Promise<Dataset>;
}
