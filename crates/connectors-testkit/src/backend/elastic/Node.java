import org.codelibs.opensearch.runner.OpenSearchRunner;

/** One OpenSearch node in the foreground: FOLDER PORT TRANSPORT_PORT. */
public class Node {
    static class OnePort extends OpenSearchRunner {
        OnePort(int port) {
            maxHttpPort = port;
        }
    }

    public static void main(String[] arguments) throws Exception {
        int port = Integer.parseInt(arguments[1]);
        var node = new OnePort(port);
        node.onBuild((number, settings) -> {
            settings.put("discovery.type", "single-node");
            settings.put("network.host", "127.0.0.1");
            settings.put("transport.port", arguments[2]);
            settings.putList("node.roles", "cluster_manager", "data", "ingest");
            settings.put("cluster.routing.allocation.disk.threshold_enabled", false);
        });
        // The runner adds the node's number, one, to the port that it is given.
        node.build(OpenSearchRunner.newConfigs()
            .clusterName("connectors")
            .numOfNode(1)
            .basePath(arguments[0])
            .baseHttpPort(port - 1));
        Thread.currentThread().join();
    }
}
