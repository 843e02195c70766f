import com.amazonaws.services.dynamodbv2.local.main.ServerRunner;
import com.amazonaws.services.dynamodbv2.local.server.DynamoDBProxyServer;
import java.lang.instrument.Instrumentation;
import java.lang.reflect.Field;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/** DynamoDB Local on loopback; its own main class listens on every interface and takes no address. */
public class Loopback {
    public static void main(String[] words) throws Exception {
        DynamoDBProxyServer local = ServerRunner.createServerFromCommandLineArgs(words);
        Field inner = DynamoDBProxyServer.class.getDeclaredField("server");
        inner.setAccessible(true);
        for (Connector connector : ((Server) inner.get(local)).getConnectors()) {
            ((ServerConnector) connector).setHost("127.0.0.1");
        }
        local.start();
        local.join();
    }

    /** LocalStack starts it with an agent that patches it; what that mends is not needed here. */
    public static void premain(String words, Instrumentation instrumentation) {}
}
