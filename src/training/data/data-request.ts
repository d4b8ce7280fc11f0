/** What a loader is told: where it may keep files, and whether this device has data of its own. */

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
