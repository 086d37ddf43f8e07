// Calls with media, one at a time: the browser alone fills a processor.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
